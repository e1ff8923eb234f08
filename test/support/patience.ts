/** How many times as long everything may take: the processor of the virtual machine (scripts/vm) is emulated. */
export const slowness = process.env.FAIRWAY_TEST_VM === undefined ? 1 : 6;
