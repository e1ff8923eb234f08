/** Whether this is the virtual machine (scripts/vm): its kernel has IPVS and SCTP, which the host's may lack, and its processor is emulated. */
export const isVirtual = process.env.FAIRWAY_TEST_VM !== undefined;
/** How many times as long everything may take. */
export const slowness = isVirtual ? 6 : 1;
