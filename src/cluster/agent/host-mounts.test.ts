import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHostMounts } from "./host-mounts.ts";

const mountinfo = `22 1 254:0 / / rw - ext4 /dev/vda rw
23 22 0:5 / /proc rw - proc proc rw
24 22 0:6 / /dev rw - devtmpfs devtmpfs rw
25 22 254:1 / /usr rw,relatime shared:1 - ext4 /dev/vdb rw
26 25 254:2 / /usr/local/my\\040programs rw - xfs /dev/vdc rw
27 22 0:9 / /run rw - tmpfs tmpfs rw
28 27 254:3 / /run/media/disk rw - ext4 /dev/vdd rw
29 22 0:10 / /home rw - btrfs /dev/vde rw
30 22 254:0 /etc/hosts /etc/hosts rw - ext4 /dev/vda rw
`;

test("directories on file systems of their own, outer ones first", () => {
  assert.deepEqual(parseHostMounts(mountinfo), ["/usr", "/home", "/usr/local/my programs"]);
});
