import { CopyButton } from './copy-button.tsx'

/** A command or a short text to copy, on lines of its own. */
export function CodeBlock({ children, copyLabel = 'Copy' }: { children: string; copyLabel?: string }) {
  return (
    <div className="codeblock">
      <pre>{children}</pre>
      <CopyButton text={children} label={copyLabel} />
    </div>
  )
}

/** The command that does the same, on one line: dialogs and forms show it at their left. */
export function CommandLine({ command }: { command: string }) {
  return (
    <span className="cli" title={command}>
      <CopyButton text={command} label="Copy command" />
      <span>{command}</span>
    </span>
  )
}
