// A gzipped ustar archive of a few small files. https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html
import { gzipSync } from 'node:zlib'

const blockBytes = 512

function header(name: string, sizeBytes: number): Buffer {
  const block = Buffer.alloc(blockBytes)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits - 1, '0')}\0`
  block.write(name.slice(0, 100), 0)
  block.write(octal(0o644, 8), 100)
  block.write(octal(107, 8), 108)
  block.write(octal(107, 8), 116)
  block.write(octal(sizeBytes, 12), 124)
  block.write(octal(0, 12), 136)
  block.write(' '.repeat(8), 148)
  block.write('0', 156)
  block.write('ustar\x0000', 257)
  let sum = 0
  for (const byte of block) sum += byte
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

export function tarball(files: ReadonlyMap<string, string>): Buffer {
  const parts: Buffer[] = []
  for (const [name, text] of files) {
    const content = Buffer.from(text)
    parts.push(header(`./${name}`, content.length), content, Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes))
  }
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]))
}
