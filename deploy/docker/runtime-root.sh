#!/bin/sh
# Creates in $1 the base of the image: the node binary, its libraries, and a user with a state directory. Runs in the build stage, on
# Debian.
set -eu
root=$1

node=$(command -v node)
ldd "$node" > /tmp/linked
libraries=$(grep -o '/[^ ]*' /tmp/linked)
for path in "$node" $libraries; do
  install -D "$path" "$root$path"
done

# Package metadata for scanners, and the licences.
install -d "$root/var/lib/dpkg/status.d"
for path in $libraries; do
  owner=$(dpkg-query --search "*/$(basename "$path")")
  package=${owner%%:*}
  dpkg-query --status "$package" > "$root/var/lib/dpkg/status.d/$package"
  install -D -m 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
done
install -D -m 644 /etc/os-release "$root/etc/os-release"

echo 'hosts: files dns' > "$root/etc/nsswitch.conf"
echo 'exporter:x:65532:65532::/data:/sbin/nologin' > "$root/etc/passwd"
echo 'exporter:x:65532:' > "$root/etc/group"
install -d -m 750 -o 65532 -g 65532 "$root/data"
