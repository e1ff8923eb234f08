/** A proxy's life that is cut short: opens the mode of the name given, makes the kernel equal to many Services, then follows changes of all of them. */
import { ServiceTable } from "../../src/serviceproxy/table.ts";
import { expandService, expandSlice } from "../../src/serviceproxy/testing/objects.ts";
import { slowness } from "../support/patience.ts";
import { a, c, Node, web, webSlice } from "./lab.ts";
import { subjects } from "./subjects.ts";

/** Fewer where the processor is emulated. */
const services = slowness === 1 ? 200 : 20;
const [name, first, rounds] = process.argv.slice(2);
const { modes } = await subjects.find((subject) => subject.name === name)!.open();
const { inputs } = new Node(modes);
const table = new ServiceTable();

/** Each round has other endpoints for all Services but `web`, which is always served by the Pods a and c. */
function setObjects(round: number): void {
  inputs.setService(expandService(web));
  inputs.setSlice(expandSlice(webSlice(a, c)));
  for (let index = 0; index < services; index += 1) {
    const many = `many-${index}`;
    const ip = `10.97.${Math.floor(index / 250)}.${(index % 250) + 1}`;
    const endpoints = Array.from({ length: (index + round) % 4 }, (_, place) => `10.33.${round % 100}.${place + 1}`);
    inputs.setService(expandService({ service: `default/${many}`, ip, ports: ["http/TCP 80"] }));
    inputs.setSlice(expandSlice({ slice: `default/${many}-1`, of: many, ports: ["http/TCP 8080"], endpoints }));
  }
  inputs.compile(table);
}

process.send?.("begin");
setObjects(Number(first));
table.takeChanges();
for (const mode of modes) await mode.sync(table);
process.send?.("synced");
for (let round = 1; round < Number(rounds); round += 1) {
  setObjects(Number(first) + round);
  const changes = table.takeChanges();
  for (const mode of modes) await mode.apply(changes, table);
}
process.exit(0);
