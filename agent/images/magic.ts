/** The second word of each kind of image. Source: criu/include/magic.h. */
export const magics = {
  inventory: 0x58313116,
  pstree: 0x50273030,
  fdinfo: 0x56213732,
  pagemap: 0x56084025,
  core: 0x55053847,
  ids: 0x54432030,
  mm: 0x57492820,
} as const;
