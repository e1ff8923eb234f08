import type { Image, ImageTable } from "./images.ts";

function demo(program: string, defaultArgs?: readonly string[]): Image {
  return { kind: "demo", program, defaultArgs };
}
function host(entrypoint: readonly string[], defaultArgs?: readonly string[]): Image {
  return { kind: "process", entrypoint, defaultArgs };
}

/** curlimages/curl runs what it is given, and curl itself when that begins with an option or is no command. */
const commandOrCurl = [
  "sh",
  "-c",
  'case "$1" in -*) set -- curl "$@" ;; *) command -v "$1" >/dev/null || set -- curl "$@" ;; esac; exec "$@"',
  "curl",
];

/** The images Fairway knows without a file. docs/images.md says the same to people; a test compares the two. */
export const imageTable: ImageTable = new Map<string, Image>([
  ["fairway/echo", demo("echo")],

  // The web application of the tutorial that Fairway starts from: it answers with its host's name.
  ["katacoda/docker-http-server", demo("docker-http-server")],

  ["nginx", demo("nginx")],
  ["nginxinc/nginx-unprivileged", demo("nginx", ["--port=8080"])],
  ["nginxdemos/hello", demo("nginx-hello")],
  ["httpd", demo("httpd")],
  ["traefik/whoami", demo("whoami")],
  ["containous/whoami", demo("whoami")],
  ["hashicorp/http-echo", demo("http-echo")],
  ["gcr.io/google-samples/hello-app", demo("hello-app")],
  ["gcr.io/google-samples/hello-app:2.0", demo("hello-app", ["--version=2.0.0"])],
  ["us-docker.pkg.dev/google-samples/containers/gke/hello-app", demo("hello-app")],
  ["us-docker.pkg.dev/google-samples/containers/gke/hello-app:2.0", demo("hello-app", ["--version=2.0.0"])],
  ["gcr.io/google-containers/echoserver", demo("echoserver")],
  ["gcr.io/google_containers/echoserver", demo("echoserver")],
  ["k8s.gcr.io/echoserver", demo("echoserver")],
  ["registry.k8s.io/echoserver", demo("echoserver")],
  ["registry.k8s.io/e2e-test-images/echoserver", demo("echoserver")],
  ["registry.k8s.io/e2e-test-images/agnhost", demo("agnhost", ["pause"])],
  ["registry.k8s.io/pause", demo("pause")],
  ["k8s.gcr.io/pause", demo("pause")],
  ["kennethreitz/httpbin", demo("httpbin")],

  ["busybox", host([], ["sh"])],
  ["alpine", host([], ["sh"])],
  ["debian", host([], ["bash"])],
  ["ubuntu", host([], ["bash"])],
  ["bash", host([], ["bash"])],
  ["python", host([], ["python3"])],
  ["node", host([], ["node"])],
  ["nicolaka/netshoot", host([], ["bash"])],
  ["curlimages/curl", host(commandOrCurl, ["curl"])],
]);
