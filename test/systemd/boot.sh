# Becomes systemd as process 1 of namespaces of its own, over this machine's files, nothing of which it changes.
# boot.sh FOLDER UNITS: FOLDER is mounted at /out, `prepare.sh` in it says what is installed. For `unshare` to run.
set -eu
folder=$1 units=$2
mount --make-rprivate /
mount -t tmpfs tmpfs "$folder/layer"
mkdir "$folder/layer/upper" "$folder/layer/work" "$folder/layer/root"
root=$folder/layer/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/layer/upper,workdir=$folder/layer/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for path in run tmp dev; do mount -t tmpfs tmpfs "$root/$path"; done
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/mqueue" "$root/dev/hugepages" "$root/out" "$root/before"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t devpts devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
mount --bind "$folder" "$root/out"

mkdir -p "$root/usr/lib/sysusers.d" "$root/usr/lib/tmpfiles.d" "$root/etc/systemd/system"
cp "$units/ai-billing-exporter.service" "$root/etc/systemd/system/"
cp "$units/ai-billing-exporter.sysusers" "$root/usr/lib/sysusers.d/ai-billing-exporter.conf"
cp "$units/ai-billing-exporter.tmpfiles" "$root/usr/lib/tmpfiles.d/ai-billing-exporter.conf"
chroot "$root" systemd-sysusers ai-billing-exporter.conf
chroot "$root" systemd-tmpfiles --create ai-billing-exporter.conf
cp -r "$folder/usr" "$folder/etc" "$root/"
printf '[Unit]\nDefaultDependencies=no\n' > "$root/etc/systemd/system/idle.target"

cd "$root"
pivot_root . before
umount -l before
# What a service is given as credentials is mounted by a child of systemd, and has to come back to it.
mount --make-rshared /
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=idle.target
