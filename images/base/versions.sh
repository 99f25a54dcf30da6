#!/bin/sh
# Called by mmdebstrap with the root file system as $1: leaves in it which version of every Debian package it holds. A tag
# names the recipe of an image, and not what the recipe gave on the day.
set -eu
{
  echo "{"
  chroot "$1" dpkg-query --show --showformat='  "${Package}": "${Version}",\n' | sed '$ s/,$//'
  echo "}"
} > "$1/etc/meshbench-versions.json"
