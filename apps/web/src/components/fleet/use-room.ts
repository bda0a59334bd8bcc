// The room that a list's table has, and how high its lines are. It is known before there are rows, mostly: the first of them
// come into a table that has its size, and are rendered once.
import { useLayoutEffect, useRef, useState } from 'react'
import type { RefObject } from 'react'

/** In px. Heights come from the CSS, so that density and phones are its matter. */
export type Room = {
  width: number
  /** Of what one sees of the table, its head included. */
  height: number
  rowHeight: number
  headHeight: number
  groupHeight: number
}

/**
 * The room within the element that holds a table and its foot. The browser tells it with its first layout; to ask before that
 * takes another layout, and is for a table that has its rows already (`wanted`) or lines of another height (`variant`).
 */
export function useRoom(variant: string, wanted: boolean): [RefObject<HTMLDivElement | null>, Room | undefined] {
  const [room, setRoom] = useState<Room>()
  const element = useRef<HTMLDivElement>(null)
  const before = useRef(variant)
  const missing = wanted && room === undefined

  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => setRoom(measured(element.current)))
    if (element.current) observer.observe(element.current)
    return () => observer.disconnect()
  }, [])
  useLayoutEffect(() => {
    if (missing || before.current !== variant) setRoom(measured(element.current))
    before.current = variant
  }, [missing, variant])

  return [element, room]
}

/** The same object as long as it is the same room. */
const measured = (element: HTMLElement | null) => (known: Room | undefined) => {
  if (!element) return known
  const style = getComputedStyle(element)
  const px = (name: string) => Number.parseFloat(style.getPropertyValue(name)) || 0
  const room: Room = {
    width: element.clientWidth,
    height: element.clientHeight - px('--fleet-edge-h') - px('--fleet-foot-h'),
    rowHeight: px('--fleet-row-h'),
    headHeight: px('--fleet-head-h'),
    groupHeight: px('--fleet-group-h'),
  }
  return JSON.stringify(room) === JSON.stringify(known) ? known : room
}
