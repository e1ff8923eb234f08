import assert from "node:assert/strict";
import { test } from "node:test";
import { ContainerConfigError } from "./environment.ts";
import { VolumeError } from "./projection.ts";
import { failureEvent, freshFailure, isOfPod, shownWaiting, waitingAfter } from "./waiting.ts";

const unknownImage = new ContainerConfigError("no such image", "ErrImagePull");

test("reasons, events and whose trouble it is", () => {
  const cases: [error: Error, reason: string, event: string, message: string, ofPod: boolean][] = [
    [unknownImage, "ErrImagePull", "Failed", 'Failed to pull image "web": no such image', true],
    [
      new ContainerConfigError("bad name", "InvalidImageName"),
      "InvalidImageName",
      "InvalidImageName",
      "Error: bad name",
      true,
    ],
    [new ContainerConfigError("no key"), "CreateContainerConfigError", "Failed", "Error: no key", true],
    [new VolumeError("no volume"), "ContainerCreating", "FailedMount", "Error: no volume", true],
    [new Error("no fork"), "CreateContainerError", "Failed", "Error: no fork", false],
  ];
  for (const [error, reason, event, message, ofPod] of cases) {
    assert.equal(waitingAfter(error, undefined, 0).reason, reason);
    assert.deepEqual(failureEvent(error, "web"), { reason: event, message });
    assert.equal(isOfPod(error), ofPod);
  }
});

test("a missing image shows as a back-off after a while; each failure waits longer, a minute at most", () => {
  let waiting = waitingAfter(unknownImage, undefined, 1000);
  assert.equal(shownWaiting(waiting, "web", 1000 + freshFailure - 1).reason, "ErrImagePull");
  assert.deepEqual(shownWaiting(waiting, "web", 1000 + freshFailure), {
    reason: "ImagePullBackOff",
    message: 'Back-off pulling image "web": ErrImagePull: no such image',
  });
  let delay = 0;
  for (let tries = 0; tries < 12; tries += 1) {
    const { retryAt, since } = waiting;
    assert.ok(retryAt >= delay && since === 1000);
    waiting = waitingAfter(unknownImage, waiting, 1000);
    delay = retryAt;
  }
  assert.equal(waiting.retryAt, 61_000);
  assert.equal(waitingAfter(new Error("another"), waiting, 5000).since, 5000);
});
