/** A web address out of text that somebody else wrote; undefined for whatever else calls itself a link, or is not written out. */
export function httpUrl(text: string): URL | undefined {
  if (!/^https?:\/\/[^\\/?#]/i.test(text) || /[\p{Cc}\p{Cf}\p{Z}]/u.test(text)) return undefined
  try {
    const url = new URL(text)
    // `https://bank.example@evil.example/` reads as the one and leads to the other.
    return url.username || url.password ? undefined : url
  } catch {
    return undefined
  }
}
