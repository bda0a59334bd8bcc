// A VM's console: its screen or its serial line. The one that is not looked at is closed.
import type { ConsolePanelProps } from './console-frame.tsx'
import { ScreenConsole } from './screen-console.tsx'
import { SerialConsole } from './serial-console.tsx'

export function ConsolePanel(props: ConsolePanelProps) {
  // Screen and serial line are two connections: the one that is not looked at is closed.
  return props.kind === 'vnc' ? <ScreenConsole key="vnc" {...props} /> : <SerialConsole key="serial" {...props} />
}
