// An initial RAM file system as Linux unpacks it: a cpio archive in its "new ASCII" format.

export type CpioEntry =
  | { name: string; directory: true }
  | { name: string; link: string }
  | { name: string; file: Buffer | string; executable?: boolean }
  | { name: string; characterDevice: [major: number, minor: number] }

const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, '0')
const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])

function header(name: string, inode: number, mode: number, size: number, [major, minor]: [number, number]): Buffer {
  // Magic; inode, mode, uid, gid, links, time, size, device, device the file stands for, length of the name, no checksum.
  const fields = [inode, mode, 0, 0, 1, 0, size, 0, 0, major, minor, name.length + 1, 0]
  return padded(Buffer.from(`070701${fields.map(hex).join('')}${name}\0`))
}

/** Directories come before what is in them. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.flatMap((entry, i) => {
    const none: [number, number] = [0, 0]
    if ('directory' in entry) return [header(entry.name, i + 1, 0o040755, 0, none)]
    if ('characterDevice' in entry) return [header(entry.name, i + 1, 0o020600, 0, entry.characterDevice)]
    const content = Buffer.from('link' in entry ? entry.link : entry.file)
    const mode = 'link' in entry ? 0o120777 : entry.executable ? 0o100755 : 0o100644
    return [header(entry.name, i + 1, mode, content.length, none), padded(content)]
  })
  return Buffer.concat([...parts, header('TRAILER!!!', 0, 0, 0, [0, 0])])
}
