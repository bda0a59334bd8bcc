/** A name that somebody else chose: its direction does not spill into the text around it. */
export function Bdi({ children }: { children: string }) {
  return <bdi>{children}</bdi>
}
