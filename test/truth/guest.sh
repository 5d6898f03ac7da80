#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# test/truth/guest.sh [WORK [TESTS]]: the truth test and that of limits with control groups of version 2, in a guest, for
# machines that have version 1. Debian's cloud kernel under qemu without KVM boots in about half a
# minute; the whole takes five. Needs qemu-system-x86, busybox-static, cpio, and the archive for the
# kernel's package (WORK, default build/guest, keeps it).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=${1:-$root/build/guest}
tests=${2:-limits truth}
for tool in qemu-system-x86_64 busybox cpio dpkg-deb; do
	command -v $tool >/dev/null || { echo "skipped: no $tool (apt-get install qemu-system-x86 busybox-static cpio)" && exit 77; }
done
mkdir -p "$work/root/bin" "$work/kernel"

if [ -z "$(compgen -G "$work/kernel/boot/vmlinuz-*")" ]; then
	package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends:/ { print $2; exit }')
	(cd "$work" && apt-get -qq download "$package") || { echo "skipped: no kernel package to be had" && exit 77; }
	dpkg-deb -x "$work/$package"_*.deb "$work/kernel"
fi
cc -O2 -static -std=c17 -D_GNU_SOURCE -I"$root/src" -I"$root/include" -o "$work/root/bin/truth" \
	"$root"/test/truth/truth.c "$root"/src/sample/*.c "$root"/src/core/words.c "$root"/src/base/assert.c -lm
cc -O2 -static -std=c17 -D_GNU_SOURCE -I"$root/src" -I"$root/include" -o "$work/root/bin/limits" \
	"$root"/test/truth/limits.c "$root"/src/provider/group.c "$root"/src/sample/*.c \
	"$root"/src/core/words.c "$root"/src/base/assert.c -lm
cp "$(command -v busybox)" "$work/root/bin/"

cat >"$work/root/init" <<'INIT'
#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /tmp
mount -t proc p /proc && mount -t sysfs s /sys && mount -t devtmpfs d /dev
mount -t cgroup2 c /sys/fs/cgroup
echo "+cpu +memory +pids +io" >/sys/fs/cgroup/cgroup.subtree_control
sleep 1
case "$(cat /tests)" in *limits*) limits;; esac
case "$(cat /tests)" in *truth*)
	DEVICE=/dev/nvme0n1 truth group && echo "truth: all right" || echo "truth: something is wrong";;
esac
poweroff -f
INIT
chmod +x "$work/root/init"
echo "$tests" >"$work/root/tests"
(cd "$work/root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initramfs"
truncate -s 256M "$work/disk"
timeout 900 qemu-system-x86_64 -machine accel=tcg -m 1024 -nographic -no-reboot -display none \
	-kernel "$(compgen -G "$work/kernel/boot/vmlinuz-*" | head -1)" -initrd "$work/initramfs" \
	-drive "file=$work/disk,format=raw,if=none,id=disk" -device nvme,serial=1,drive=disk \
	-append "console=ttyS0 quiet panic=-1 psi=1" </dev/null | tee "$work/log"
for name in $tests; do
	grep -q "$name: all right" "$work/log"
done
