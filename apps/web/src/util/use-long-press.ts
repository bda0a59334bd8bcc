// A long press of a finger or a pen, and the taps that follow it. A mouse has other ways.
import { useEffect, useRef } from 'react'
import type { MouseEvent, PointerEvent } from 'react'

/** As long as phones take for one. */
const PRESS_MS = 450
/** A finger is never quite still. */
const STILL_PX = 10

type LongPress = {
  /** What was pressed for long. */
  onPress: (target: Element) => void
  /** Takes a tap away from what it would do; true if it did. */
  onTap: (target: Element) => boolean
}

/** Handlers for an element whose parts are pressed. Without a subject, none. */
export function useLongPress(subject: LongPress | undefined) {
  const pressed = useRef<{ timer: ReturnType<typeof setTimeout>; x: number; y: number }>(undefined)
  /** The press is over when the finger is lifted, and its click is none. */
  const done = useRef(false)
  const stop = () => {
    clearTimeout(pressed.current?.timer)
    pressed.current = undefined
  }
  useEffect(() => stop, [])
  if (!subject) return {}
  const { onPress, onTap } = subject
  return {
    onPointerDown({ pointerType, isPrimary, target, clientX: x, clientY: y }: PointerEvent) {
      stop()
      done.current = false
      if (pointerType === 'mouse' || !isPrimary || !(target instanceof Element)) return
      const press = () => {
        pressed.current = undefined
        done.current = true
        onPress(target)
      }
      pressed.current = { timer: setTimeout(press, PRESS_MS), x, y }
    },
    onPointerMove({ clientX, clientY }: PointerEvent) {
      const from = pressed.current
      if (from && Math.hypot(clientX - from.x, clientY - from.y) > STILL_PX) stop()
    },
    onPointerUp: stop,
    // As when the list is scrolled instead.
    onPointerCancel: stop,
    /** The browser's own menu of a link would come over what was begun. */
    onContextMenu(event: MouseEvent) {
      if (pressed.current || done.current) event.preventDefault()
    },
    onClickCapture(event: MouseEvent) {
      const was = done.current
      done.current = false
      if (!was && !(event.target instanceof Element && onTap(event.target))) return
      event.preventDefault()
      event.stopPropagation()
    },
  }
}
