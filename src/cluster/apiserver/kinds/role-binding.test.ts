import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RoleBinding } from "../../../kubernetes/types.ts";
import { clusterRoleBinding, roleBinding } from "./role-binding.ts";
import { created, problemsOfCreate, problemsOfUpdate } from "./testing.ts";

const rbac = "rbac.authorization.k8s.io";
const roleRef = { kind: "ClusterRole", name: "view" };
const subject = { kind: "ServiceAccount", name: "a", namespace: "b" };

test("the API group of a role and of people is known", () => {
  const subjects = [subject, { kind: "User", name: "u" }, { kind: "Group", name: "g" }];
  const object = created(roleBinding, { roleRef, subjects }) as RoleBinding;
  assert.equal(object.roleRef.apiGroup, rbac);
  assert.deepEqual(
    object.subjects?.map(({ apiGroup }) => apiGroup),
    [undefined, rbac, rbac],
  );
});

describe("create", () => {
  const cases: [string, object, string[]][] = [
    ["a good one", { roleRef, subjects: [subject] }, []],
    [
      "no role",
      {},
      [
        `roleRef.apiGroup: Unsupported value: "": supported values: "${rbac}"`,
        'roleRef.kind: Unsupported value: "": supported values: "ClusterRole", "Role"',
        "roleRef.name: Required value",
      ],
    ],
    ["a nameless subject", { roleRef, subjects: [{ kind: "User" }] }, ["subjects[0].name: Required value"]],
    [
      "a ServiceAccount of no namespace",
      { roleRef, subjects: [{ kind: "ServiceAccount", name: "a" }] },
      ["subjects[0].namespace: Required value"],
    ],
    [
      "an unknown subject",
      { roleRef, subjects: [{ kind: "Robot", name: "a" }] },
      ['subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"'],
    ],
  ];
  for (const [title, body, problems] of cases) {
    test(title, () => assert.deepEqual(problemsOfCreate(roleBinding, body), problems));
  }
  test("a Role is too small for the cluster", () => {
    assert.deepEqual(problemsOfCreate(clusterRoleBinding, { roleRef: { kind: "Role", name: "a" } }), [
      'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
    ]);
  });
});

test("the role stays", () => {
  assert.deepEqual(problemsOfUpdate(roleBinding, { roleRef }, { roleRef: { ...roleRef, name: "edit" } }), [
    `roleRef: Invalid value: {"kind":"ClusterRole","name":"edit","apiGroup":"${rbac}"}: cannot change roleRef`,
  ]);
});

test("row", () => {
  const subjects = [subject, { kind: "User", name: "u" }, { kind: "User", name: "v" }, { kind: "Group", name: "g" }];
  const object = created(roleBinding, { metadata: { name: "x" }, roleRef, subjects });
  assert.deepEqual(roleBinding.row(object, 0), ["x", "ClusterRole/view", "<unknown>", "u, v", "g", "b/a"]);
});
