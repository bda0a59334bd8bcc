/** What is a file's name on every system, and no path, device or hidden file: whatever else stands in it becomes `_`. */
export function fileName(text: string): string {
  const plain = text
    .normalize('NFKC')
    .replaceAll(/[^\p{L}\p{M}\p{N}._-]+/gu, '_')
    .replace(/^[.]+/, '_')
    .slice(-200)
  return /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(plain) ? `_${plain}` : plain || '_'
}

/** Hands a file to the browser to keep. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = fileName(name)
  link.click()
  URL.revokeObjectURL(url)
}
