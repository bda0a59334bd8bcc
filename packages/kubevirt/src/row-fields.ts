// How rows are kept small: no empty fields, no long texts.

const maxTextLength = 200

/** One line of at most `maxLength` characters. */
export function shorten(text: string, maxLength = maxTextLength): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 1)}…`
}

export function nonEmpty<T extends object>(record: T | undefined): T | undefined {
  return record && Object.keys(record).length > 0 ? record : undefined
}

/** Without keys whose value is undefined: rows are compared and sent as JSON. */
export function compact<T extends object>(row: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as T
}
