// The guest's screen by noVNC. Its own chunk: nothing else imports the library.
import RFB, { type RfbChannel } from '@novnc/novnc'
import type { ConsoleLink } from './console-connection.ts'
import { keys, type KeyStroke } from './console-keys.ts'
import { focusIsFree } from './focus.ts'

export type ScreenSize = { width: number; height: number }

export type VncScreen = {
  serve(link: ConsoleLink): void
  press(strokes: readonly KeyStroke[]): void
  setViewOnly(viewOnly: boolean): void
  setFit(fit: boolean): void
  focus(): void
  /** Gives the keyboard back: no key stays down in the guest. */
  releaseKeyboard(): void
  picture(): Promise<Blob | undefined>
  close(): void
}

export function createVncScreen(
  target: HTMLElement,
  {
    label,
    describedBy,
    onSize,
    onKeptPicture,
  }: {
    label: string
    describedBy: string
    onSize(size: ScreenSize): void
    /** The connection is gone; its last picture stays, as of then. */
    onKeptPicture(): void
  },
): VncScreen {
  let rfb: RFB | undefined
  let viewOnly = false
  let fit = true
  let kept: HTMLCanvasElement | undefined
  let end: (() => void) | undefined

  const applyFit = (screen: RFB) => {
    // At actual size a mouse has scroll bars, a finger moves the picture.
    const byFinger = !fit && matchMedia('(pointer: coarse)').matches
    screen.clipViewport = byFinger
    screen.dragViewport = byFinger
    screen.scaleViewport = fit
  }
  const canvas = () => target.querySelector<HTMLCanvasElement>('canvas:not([data-kept])') ?? undefined
  /** noVNC takes its canvas away when the connection ends. */
  const keepPicture = () => {
    const shown = canvas()
    if (!shown?.width) return
    kept?.remove()
    kept = document.createElement('canvas')
    kept.dataset.kept = ''
    kept.width = shown.width
    kept.height = shown.height
    kept.getContext('2d')?.drawImage(shown, 0, 0)
    kept.setAttribute('aria-hidden', 'true')
    target.append(kept)
    onKeptPicture()
  }

  return {
    serve(link) {
      const channel: RfbChannel = {
        binaryType: 'arraybuffer',
        readyState: 'open',
        protocol: '',
        onopen: null,
        onclose: null,
        onerror: null,
        onmessage: null,
        send: link.send,
        close: link.close,
      }
      const mayFocus = target.contains(document.activeElement) || focusIsFree()
      const screen = new RFB(target, channel, { shared: true })
      rfb = screen
      screen.background = 'transparent'
      applyFit(screen)
      screen.viewOnly = viewOnly
      screen.showDotCursor = true
      const shown = canvas()
      let sizes: MutationObserver | undefined
      if (shown) {
        shown.tabIndex = 0
        shown.setAttribute('role', 'application')
        shown.setAttribute('aria-label', label)
        shown.setAttribute('aria-describedby', describedBy)
        sizes = new MutationObserver(() => onSize({ width: shown.width, height: shown.height }))
        sizes.observe(shown, { attributeFilter: ['width', 'height'] })
      }
      screen.addEventListener('connect', () => {
        kept?.remove()
        kept = undefined
        if (mayFocus) screen.focus({ preventScroll: true })
      })
      link.onBytes((data) => channel.onmessage?.({ data }))
      const ended = (end = () => {
        if (rfb !== screen) return
        rfb = undefined
        keepPicture()
        sizes?.disconnect()
        channel.readyState = 'closed'
        // As if we had ended it: noVNC calls everything else an error.
        screen.disconnect()
        channel.onclose?.({})
      })
      link.onClose(ended)
    },
    press(strokes) {
      for (const { key, down } of strokes) rfb?.sendKey(key.keysym, key.code, down)
    },
    setViewOnly(next) {
      viewOnly = next
      if (rfb) rfb.viewOnly = next
    },
    setFit(next) {
      fit = next
      if (rfb) applyFit(rfb)
    },
    focus: () => rfb?.focus({ preventScroll: true }),
    releaseKeyboard() {
      if (!rfb) return
      // Switching input off and on is noVNC's way to let go of all keys.
      rfb.viewOnly = true
      rfb.viewOnly = viewOnly
      for (const key of [keys.control, keys.alt]) rfb.sendKey(key.keysym, key.code, false)
      rfb.blur()
    },
    picture: () => new Promise((resolve) => (rfb ? rfb.toBlob((blob) => resolve(blob ?? undefined), 'image/png') : resolve(undefined))),
    close() {
      end?.()
      kept?.remove()
    },
  }
}
