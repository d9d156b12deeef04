dnl PW_CHECK_FLAG(VARIABLE, FLAG): append FLAG to VARIABLE if the compiler takes it.
dnl The result goes into our own variable: CFLAGS belongs to the user.
AC_DEFUN([PW_CHECK_FLAG], [
  AC_MSG_CHECKING([whether $CC accepts $2])
  pw_save_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS -Werror $2"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([])],
    [AC_MSG_RESULT([yes]); $1="$$1 $2"],
    [AC_MSG_RESULT([no])])
  CFLAGS=$pw_save_CFLAGS
  AC_SUBST([$1])
])
