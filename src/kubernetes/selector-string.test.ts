import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matchesRequirements, type Operator, type Requirement, SelectorError } from "./requirement.ts";
import { formatLabelSelector, parseLabelSelector } from "./selector-string.ts";

const matching: [selector: string, labels: Record<string, string>, expected: boolean][] = [
  ["", {}, true],
  ["app=web", { app: "web" }, true],
  ["app==web", { app: "api" }, false],
  ["app = web , tier", { app: "web", tier: "" }, true],
  ["app!=web", {}, true],
  ["app!=web", { app: "web" }, false],
  ["app", { app: "" }, true],
  ["app", {}, false],
  ["!app", {}, true],
  ["!app", { app: "web" }, false],
  ["app in (web, api)", { app: "api" }, true],
  ["app in (web,api)", {}, false],
  ["app notin (web)", {}, true],
  ["app notin (web)", { app: "web" }, false],
  ["app in ()", { app: "" }, true],
  ["app in (a,,b)", { app: "" }, true],
  ["app=", { app: "" }, true],
  ["in in (in)", { in: "in" }, true],
  ["cores>3", { cores: "10" }, true],
  ["cores<3", { cores: "10" }, false],
  ["cores>3", { cores: "many" }, false],
  ["!service.kubernetes.io/service-proxy-name", { "service.kubernetes.io/service-proxy-name": "x" }, false],
  ["constructor", {}, false],
];
for (const [selector, labels, expected] of matching)
  test(`labels ${JSON.stringify(labels)} ${expected ? "meet" : "miss"} "${selector}"`, () => {
    assert.equal(matchesRequirements(parseLabelSelector(selector), labels), expected);
  });

const refused: [selector: string, message: string][] = [
  ["a b c", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ["a,", "found '', expected: identifier after ','"],
  [",a", "found ',', expected: !, identifier, or 'end of string'"],
  ["a=b c", "found 'c', expected: ',' or 'end of string'"],
  ["a in b", "unable to parse requirement: found 'b' expected: '('"],
  ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
  ["a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"],
  ["!", "unable to parse requirement: found '', expected: identifier"],
  ["a=(", "unable to parse requirement: found '(', expected: identifier"],
  [
    "a>b",
    `unable to parse requirement: values[0]: Invalid value: "b": for 'Gt', 'Lt' operators, the value must be an integer`,
  ],
  [
    "a=-b",
    `unable to parse requirement: values[0][a]: Invalid value: "-b": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
  ],
];
for (const [selector, message] of refused)
  test(`"${selector}" is refused`, () => {
    assert.throws(() => parseLabelSelector(selector), new SelectorError(message));
  });

test("a key with a bad name part is refused in Kubernetes' words", () => {
  assert.throws(
    () => parseLabelSelector("example.com/-a=b"),
    /<nil>: Invalid value: "example.com\/-a": name part must consist of alphanumeric characters/,
  );
  assert.throws(() => parseLabelSelector("Example.com/a"), /prefix part a lowercase RFC 1123 subdomain must consist/);
  assert.throws(
    () => parseLabelSelector("a/b/c"),
    /a qualified name must consist .* \(e\.g\. 'example\.com\/MyName'\)/,
  );
});

const name = fc.stringMatching(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,20}[A-Za-z0-9])?$/);
const requirement: fc.Arbitrary<Requirement> = fc
  .tuple(
    name,
    fc.oneof(
      fc.tuple(fc.constantFrom<Operator>("exists", "!"), fc.constant<string[]>([])),
      fc.tuple(fc.constantFrom<Operator>("=", "==", "!="), fc.array(name, { minLength: 1, maxLength: 1 })),
      fc.tuple(
        fc.constantFrom<Operator>("in", "notin"),
        fc.uniqueArray(name, { minLength: 1, maxLength: 4 }).map((values) => values.sort()),
      ),
      fc.tuple(
        fc.constantFrom<Operator>("gt", "lt"),
        fc.nat().map((number) => [String(number)]),
      ),
    ),
  )
  .map(([key, [operator, values]]) => ({ key, operator, values }));

test("formatting and parsing a selector gives the same selector", () => {
  fc.assert(
    fc.property(fc.array(requirement), (requirements) => {
      assert.deepEqual(parseLabelSelector(formatLabelSelector(requirements)), requirements);
    }),
  );
});

test("any text either parses or is refused with a SelectorError", () => {
  const text = fc.oneof(
    fc.string(),
    fc
      .array(fc.constantFrom("a", "!", "=", "==", "!=", ",", "(", ")", "in", "notin", "<", ">", " ", "1"), {
        maxLength: 12,
      })
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (selector) => {
      try {
        parseLabelSelector(selector);
      } catch (error) {
        assert.ok(error instanceof SelectorError);
      }
    }),
  );
});
