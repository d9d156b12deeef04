dnl PW_VALGRIND_TOOL: can our own Valgrind tool be built?  It needs the
dnl headers, valgrind.pc and the static libraries of Valgrind's core, and
dnl functions of the core that its headers do not declare; link them to see.
dnl Sets the conditional VGTOOL, and VGTOOL_{CPPFLAGS,CFLAGS,LDFLAGS,LIBS},
dnl VALGRIND_TOOLDIR (the installed tools and preload libraries).
dnl SPDX-License-Identifier: GPL-3.0-or-later
AC_DEFUN([PW_VALGRIND_TOOL], [
  AC_ARG_ENABLE([vgtool],
    [AS_HELP_STRING([--disable-vgtool],
      [do not build our Valgrind tool (capture then uses lackey)])],
    [], [enable_vgtool=auto])
  have_vgtool=no
  AS_IF([test "x$enable_vgtool" != xno], [
    AC_MSG_CHECKING([for what a Valgrind tool is built from])
    pw_vg_inc=`$PKG_CONFIG --variable=includedir valgrind 2>/dev/null`
    pw_vg_lib=`$PKG_CONFIG --variable=libdir valgrind 2>/dev/null`/valgrind
    pw_vg_at=`$PKG_CONFIG --variable=valt_load_address valgrind 2>/dev/null`
    for pw_dir in /usr/libexec/valgrind "$pw_vg_lib"; do
      AS_IF([test -f "$pw_dir/vgpreload_core-amd64-linux.so"],
        [VALGRIND_TOOLDIR=$pw_dir])
    done
    VGTOOL_CPPFLAGS="-isystem $pw_vg_inc -DVGA_amd64=1 -DVGO_linux=1 -DVGP_amd64_linux=1 -DVGPV_amd64_linux_vanilla=1"
    VGTOOL_CFLAGS="-O2 -fno-pie -fno-stack-protector -fno-strict-aliasing -fno-builtin -fomit-frame-pointer"
    VGTOOL_LDFLAGS="-static -nodefaultlibs -nostartfiles -u _start -no-pie -Wno-unused-command-line-argument -Wl,-Ttext-segment=$pw_vg_at -Wl,--wrap=vgPlain_sigframe_create -Wl,--wrap=vgPlain_kill_self -Wl,--wrap=vgPlain_sigaction"
    VGTOOL_LIBS="$pw_vg_lib/libcoregrind-amd64-linux.a $pw_vg_lib/libvex-amd64-linux.a $pw_vg_lib/libgcc-sup-amd64-linux.a -lgcc"
    pw_save_CFLAGS=$CFLAGS pw_save_LDFLAGS=$LDFLAGS pw_save_LIBS=$LIBS
    CFLAGS="$VGTOOL_CPPFLAGS $VGTOOL_CFLAGS" LIBS="$VGTOOL_LIBS"
    LDFLAGS="$VGTOOL_LDFLAGS"
    AS_IF([test -n "$VALGRIND_TOOLDIR" && test -n "$pw_vg_at"],
      [AC_LINK_IFELSE([AC_LANG_SOURCE([
#include "pub_tool_basics.h"
#include "pub_tool_tooliface.h"
extern int vgPlain_do_syscall, vgPlain_safe_fd;
extern int vgPlain_am_shared_mmap_file_float_valgrind, vgPlain_brk_base;
extern int vgPlain_client_rlimit_stack;
int __wrap_vgPlain_sigframe_create, __wrap_vgPlain_kill_self;
int __wrap_vgPlain_sigaction;
extern int __real_vgPlain_sigframe_create, __real_vgPlain_kill_self;
extern int __real_vgPlain_sigaction;
int *used@<:@@:>@ = {&vgPlain_do_syscall, &vgPlain_safe_fd,
  &vgPlain_am_shared_mmap_file_float_valgrind,
  &vgPlain_brk_base, &vgPlain_client_rlimit_stack,
  &__real_vgPlain_sigframe_create, &__real_vgPlain_kill_self,
  &__real_vgPlain_sigaction};
static void pre_clo_init(void) {}
VG_DETERMINE_INTERFACE_VERSION(pre_clo_init)])],
        [have_vgtool=yes])])
    CFLAGS=$pw_save_CFLAGS LDFLAGS=$pw_save_LDFLAGS LIBS=$pw_save_LIBS
    AC_MSG_RESULT([$have_vgtool])
  ])
  AS_IF([test "x$enable_vgtool$have_vgtool" = xyesno],
    [AC_MSG_ERROR([--enable-vgtool: Valgrind's headers or libraries are missing])])
  AM_CONDITIONAL([VGTOOL], [test "x$have_vgtool" = xyes])
  AC_SUBST([VGTOOL_CPPFLAGS])
  AC_SUBST([VGTOOL_CFLAGS])
  AC_SUBST([VGTOOL_LDFLAGS])
  AC_SUBST([VGTOOL_LIBS])
  AC_SUBST([VALGRIND_TOOLDIR])
])
