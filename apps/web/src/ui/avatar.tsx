/** Two letters for a user: `power-user` is PU. */
export function initials(name: string): string {
  const words = name
    .replace(/^system:serviceaccount:/, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
  const letters = words.length > 1 ? `${words[0]!.charAt(0)}${words[1]!.charAt(0)}` : (words[0] ?? '?').slice(0, 2)
  return letters.toUpperCase()
}

export function Avatar({ name }: { name: string }) {
  return (
    <span className="avatar" aria-hidden="true">
      {initials(name)}
    </span>
  )
}
