import { useEffect, useId, useRef, useState } from 'react'
import { Button, IconButton } from '../../ui/button.tsx'
import { CameraIcon, ClipboardIcon, EyeIcon, KeyboardIcon, ZoomIcon } from '../../ui/icons.ts'
import type { Action } from '../../ui/action.ts'
import { Menu } from '../../ui/menu.tsx'
import { download } from '../../util/download.ts'
import { ConsoleCover } from './console-cover.tsx'
import { ConsoleFrame, type ConsolePanelProps } from './console-frame.tsx'
import { chord, functionKey, keys, typeCharacter, type KeyStroke } from './console-keys.ts'
import { useHeldByOwnTab } from './own-tabs.ts'
import { PasteDialog } from './paste-dialog.tsx'
import { keyLabel, ScreenPhoneKeys } from './phone-keys.tsx'
import { useConsole } from './use-console.ts'
import type { ScreenSize, VncScreen } from './vnc-screen.ts'

export function ScreenConsole(props: ConsolePanelProps) {
  const { row } = props
  const { connection, phase, denied } = useConsole(props)
  const target = useRef<HTMLDivElement>(null)
  const [screen, setScreen] = useState<VncScreen>()
  const [size, setSize] = useState<ScreenSize>()
  const [pictureAtMs, setPictureAtMs] = useState<number>()
  const [viewOnly, setViewOnly] = useState(false)
  const [fit, setFit] = useState(true)
  const [pasting, setPasting] = useState(false)
  const ownTab = useHeldByOwnTab(row.uid, phase)
  const hintId = useId()

  useEffect(() => {
    let shown: VncScreen | undefined
    let left = false
    void import('./vnc-screen.ts').then(({ createVncScreen }) => {
      if (left || !target.current) return
      shown = createVncScreen(target.current, {
        label: `Screen of ${row.name}`,
        describedBy: hintId,
        onSize: setSize,
        onKeptPicture: () => setPictureAtMs(Date.now()),
      })
      setScreen(shown)
      connection.serve(shown.serve)
    })
    return () => {
      left = true
      connection.close()
      shown?.close()
    }
  }, [connection, hintId, row.name])

  const press = (strokes: readonly KeyStroke[]) => {
    screen?.press(strokes)
    screen?.focus()
  }
  const off = phase.name !== 'live' ? 'The screen is not connected.' : viewOnly ? 'View only is on.' : undefined
  const sendKeys: Action[] = [
    { id: 'cad', label: 'Ctrl+Alt+Del', group: 'system', disabled: off, run: () => press(chord(keys.control, keys.alt, keys.delete)) },
    ...[keys.escape, keys.tab, keys.super, keys.printScreen].map((key): Action => ({
      id: key.code,
      label: keyLabel(key),
      group: 'single',
      disabled: off,
      run: () => press(chord(key)),
    })),
    ...Array.from({ length: 12 }, (_, index): Action => {
      const label = `Ctrl+Alt+F${index + 1}`
      return { id: label, label, group: 'consoles', disabled: off, run: () => press(chord(keys.control, keys.alt, functionKey(index + 1))) }
    }),
  ]

  return (
    <ConsoleFrame
      {...props}
      phase={phase}
      connection={connection}
      onReleaseKeyboard={() => screen?.releaseKeyboard()}
      tools={
        <>
          <Menu
            label="Send keys"
            actions={sendKeys}
            finalFocus={() => target.current?.querySelector<HTMLElement>('canvas:not([data-kept])') ?? null}
            trigger={
              <Button size="small" icon={KeyboardIcon} caret>
                Send keys
              </Button>
            }
          />
          <Button size="small" icon={ClipboardIcon} disabledReason={off} onClick={() => setPasting(true)}>
            Paste text…
          </Button>
          <Menu
            label="Size of the screen"
            actions={[
              { id: 'fit', label: 'Fit to the window', run: () => show(true) },
              { id: 'actual', label: 'Actual size, 1:1', run: () => show(false) },
            ]}
            trigger={
              <Button size="small" caret>
                {fit ? 'Fit' : '1:1'}
              </Button>
            }
          />
          <Button
            size="small"
            icon={EyeIcon}
            aria-pressed={viewOnly}
            variant={viewOnly ? 'primary' : 'secondary'}
            onClick={() => {
              setViewOnly(!viewOnly)
              screen?.setViewOnly(!viewOnly)
            }}
          >
            View only
          </Button>
        </>
      }
      picture={
        <>
          <IconButton className="phone" label={fit ? 'Actual size' : 'Fit to the window'} icon={ZoomIcon} onClick={() => show(!fit)} />
          <IconButton
            className="desk"
            label="Take a screenshot"
            icon={CameraIcon}
            disabledReason={phase.name === 'live' ? undefined : 'The screen is not connected.'}
            onClick={() => void screen?.picture().then((blob) => blob && download(blob, `${row.name}.png`))}
          />
        </>
      }
      facts={
        <>
          {size && size.width > 0 && (
            <span className="mono desk">
              {size.width} × {size.height}
            </span>
          )}
          {phase.name === 'live' && <span className="desk">{viewOnly ? 'You are watching' : 'You have control'}</span>}
        </>
      }
      phoneKeys={<ScreenPhoneKeys off={off} press={press} onPaste={() => setPasting(true)} />}
    >
      <div className="vncbox" ref={target} data-keys="off" />
      <span id={hintId} hidden>
        Keys go to the guest. Ctrl Alt . gives the keyboard back.
      </span>
      <ConsoleCover
        phase={phase}
        kind="vnc"
        row={row}
        denied={denied}
        ownTab={ownTab}
        pictureAtMs={pictureAtMs}
        dispatch={connection.dispatch}
      />
      {pasting && (
        <PasteDialog name={row.name} onKey={(character) => screen?.press(typeCharacter(character))} onClose={() => setPasting(false)} />
      )}
    </ConsoleFrame>
  )

  function show(whole: boolean) {
    setFit(whole)
    screen?.setFit(whole)
  }
}
