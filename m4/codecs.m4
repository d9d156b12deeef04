dnl PW_CODECS: the libraries that unpack other people's traces.  Each is
dnl optional; what is missing is named when a file needs it.
dnl Sets CODEC_CFLAGS, CODEC_LIBS, pw_codecs; defines HAVE_LZMA, HAVE_BZ2,
dnl HAVE_ZSTD.
AC_DEFUN([PW_CODECS], [
  CODEC_CFLAGS= CODEC_LIBS= pw_codecs=gzip,zip
  PW_CODEC_PC([lzma], [liblzma >= 5.2], [LZMA], [xz])
  PW_CODEC_PC([zstd], [libzstd >= 1.4], [ZSTD], [zstd])
  AC_ARG_WITH([bz2],
    [AS_HELP_STRING([--without-bz2], [do not read .bz2 traces])],
    [], [with_bz2=check])
  AS_IF([test "x$with_bz2" != xno], [
    pw_save_LIBS=$LIBS
    AC_CHECK_HEADER([bzlib.h],
      [AC_CHECK_LIB([bz2], [BZ2_bzDecompress],
        [CODEC_LIBS="$CODEC_LIBS -lbz2"; pw_codecs=$pw_codecs,bzip2
         AC_DEFINE([HAVE_BZ2], [1], [libbz2 is there])],
        [AS_IF([test "x$with_bz2" = xyes],
          [AC_MSG_ERROR([libbz2 was asked for and is not there])])])],
      [AS_IF([test "x$with_bz2" = xyes],
        [AC_MSG_ERROR([bzlib.h was asked for and is not there])])])
    LIBS=$pw_save_LIBS])
  AC_SUBST([CODEC_CFLAGS])
  AC_SUBST([CODEC_LIBS])
])

dnl PW_CODEC_PC(NAME, PKG-CONFIG MODULE, VARIABLE, FORMAT)
AC_DEFUN([PW_CODEC_PC], [
  AC_ARG_WITH([$1],
    [AS_HELP_STRING([--without-$1], [do not read traces packed with $4])],
    [], [with_$1=check])
  AS_IF([test "x$with_$1" != xno], [
    PKG_CHECK_MODULES([$3], [$2],
      [CODEC_CFLAGS="$CODEC_CFLAGS $$3_CFLAGS"
       CODEC_LIBS="$CODEC_LIBS $$3_LIBS"
       pw_codecs=$pw_codecs,$4
       AC_DEFINE([HAVE_$3], [1], [$1 is there])],
      [AS_IF([test "x$with_$1" = xyes],
        [AC_MSG_ERROR([$1 was asked for and is not there])])])])
])
