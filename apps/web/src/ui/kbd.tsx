export function Kbd({ children }: { children: React.ReactNode }) {
  return <kbd>{children}</kbd>
}

/** A shortcut as its keys: `Ctrl K` is two. Decoration: aria-keyshortcuts tells it to assistive technology. */
export function Keys({ keys }: { keys: string }) {
  const chord = keys.includes('Ctrl') || keys.includes('Alt')
  return (
    <span className="keycaps" aria-hidden="true">
      {keys.split(' ').map((key) => (
        <kbd key={key}>{chord && key.length === 1 ? key.toUpperCase() : key}</kbd>
      ))}
    </span>
  )
}
