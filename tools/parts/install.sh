#!/bin/sh
# Installs the Debian packages of the real servers and tools that tests use. Called by .ci/run, never by `npm test`; needs root.
set -e
packages="etcd-server etcd-client nghttp2-client nghttp2-server nginx-light swift-proxy swift-account swift-container swift-object memcached perl curl libb64-0d"
missing=""
for package in $packages; do dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"; done
[ -z "$missing" ] && { echo "install: everything is there"; exit 0; }
echo "install:$missing"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
