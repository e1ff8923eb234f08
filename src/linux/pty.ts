/** Pseudo-terminals (pty(7)), which Node cannot open itself. Loads koffi: import it only when a terminal is asked for. */
import { closeSync, openSync } from "node:fs";
import { ReadStream } from "node:tty";
import koffi from "koffi";

// ioctl_tty(2): the values of Linux on every architecture that Node runs on, but for MIPS and PowerPC.
const TIOCSPTLCK = 0x40045431;
const TIOCGPTN = 0x80045430;
const TIOCSWINSZ = 0x5414;
/** fcntl(2) flags of open: read and write, do not become our controlling terminal. */
const O_RDWR = 2;
const O_NOCTTY = 0o400;

const ioctl = koffi.load(null).func("int ioctl(int fd, unsigned long request, uint8_t *argument)");

export interface PseudoTerminal {
  /** What the program writes comes out; what is written is as if typed. Ends when the last program has closed its end. */
  master: ReadStream;
  /** Descriptor of the program's end, to be given to it as stdin, stdout and stderr. Close it once the program has it. */
  slave: number;
  /** Does nothing once the terminal is gone. */
  resize(columns: number, rows: number): void;
}

/** Throws when the machine has no terminals left, or no /dev/pts. */
export function openPseudoTerminal(): PseudoTerminal {
  const descriptor = openSync("/dev/ptmx", O_RDWR | O_NOCTTY);
  try {
    call(descriptor, TIOCSPTLCK, Buffer.alloc(4));
    const number = Buffer.alloc(4);
    call(descriptor, TIOCGPTN, number);
    const slave = openSync(`/dev/pts/${number.readUInt32LE()}`, O_RDWR | O_NOCTTY);
    const master = new ReadStream(descriptor);
    return {
      master,
      slave,
      resize(columns, rows) {
        // A client may say its size when the program has ended already. By then the descriptor's number may be another's.
        if (master.destroyed) return;
        const size = Buffer.alloc(8);
        size.writeUInt16LE(rows, 0);
        size.writeUInt16LE(columns, 2);
        call(descriptor, TIOCSWINSZ, size);
      },
    };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function call(descriptor: number, request: number, argument: Buffer): void {
  if (ioctl(descriptor, request, argument) !== 0)
    throw new Error(`ioctl 0x${request.toString(16)} on a pseudo-terminal failed`);
}
