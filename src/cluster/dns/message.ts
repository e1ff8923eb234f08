/** The DNS message as values (RFC 1035, EDNS: RFC 6891). Names are lists of labels, root last and left out; labels are latin1 strings, one character a byte. */
export type Name = readonly string[];

export const recordType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export const responseCode = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  /** Its upper eight bits travel in the OPT record. */
  BADVERS: 16,
} as const;

export const recordClass = { IN: 1, ANY: 255 } as const;

export interface Question {
  /** As asked, upper and lower case kept: clients check that it comes back so (draft-vixie-dnsext-dns0x20). */
  name: Name;
  type: number;
  class: number;
}

export interface Query {
  id: number;
  opcode: number;
  recursionDesired: boolean;
  question: Question;
  edns?: { version: number; udpSize: number };
}

export type RecordData =
  /** The address's text in its canonical spelling. */
  | { type: "A" | "AAAA"; address: string }
  | { type: "CNAME" | "NS" | "PTR"; target: Name }
  | { type: "SRV"; priority: number; weight: number; port: number; target: Name }
  | { type: "TXT"; text: string }
  | {
      type: "SOA";
      primary: Name;
      mailbox: Name;
      serial: number;
      refresh: number;
      retry: number;
      expire: number;
      minimum: number;
    };

export type ResourceRecord = RecordData & {
  name: Name;
  /** Seconds. */
  ttl: number;
};

/** Only the letters of ASCII have two cases in the DNS (RFC 4343). */
export function lowerCase(label: string): string {
  return label.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

export interface Answer {
  code: number;
  authoritative: boolean;
  answers: readonly ResourceRecord[];
  authorities: readonly ResourceRecord[];
  /** Left out first when the message gets too long. */
  additionals: readonly ResourceRecord[];
}
