/** The tables of CRC-32 for four bytes at a time, one after the other: 256 entries each. */
function createTables(): Int32Array {
  const tables = new Int32Array(1024);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    tables[i] = crc;
  }
  for (let i = 256; i < 1024; i++) {
    const before = tables[i - 256] as number;
    tables[i] = (before >>> 8) ^ (tables[before & 255] as number);
  }
  return tables;
}

let tables: Int32Array | undefined;

/** The tables, filled on first use, so that importing the module costs nothing. */
export function crcTables(): Int32Array {
  return (tables ??= createTables());
}

/** The register after four more characters, whose codes are the bytes of `word`, the first one lowest. */
export function crcStep(table: Int32Array, register: number, word: number): number {
  const mixed = register ^ word;
  return (
    (table[768 + (mixed & 255)] as number) ^
    (table[512 + ((mixed >>> 8) & 255)] as number) ^
    (table[256 + ((mixed >>> 16) & 255)] as number) ^
    (table[mixed >>> 24] as number)
  );
}

/** The register after one more text of ASCII. CRC-32 is the one of IEEE 802.3, as in zip and PNG. */
export function crcRun(register: number, text: string): number {
  const table = crcTables();
  let crc = register;
  for (let i = 0; i < text.length; i++) crc = (table[(crc ^ text.charCodeAt(i)) & 255] as number) ^ (crc >>> 8);
  return crc;
}

/** The register before the first character. */
export const crcStart: number = -1;

/** The checksum of a register, as an unsigned 32-bit number. */
export function crcEnd(register: number): number {
  return ~register >>> 0;
}
