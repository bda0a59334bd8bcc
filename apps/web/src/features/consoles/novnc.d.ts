// What we use of noVNC 1.7, which brings no types. https://github.com/novnc/noVNC/blob/v1.7.0/docs/API.md
declare module '@novnc/novnc' {
  /** A WebSocket, or what looks like one. */
  export type RfbChannel = {
    send(data: ArrayBufferView<ArrayBuffer> | ArrayBuffer): void
    close(): void
    binaryType: string
    readyState: 'connecting' | 'open' | 'closing' | 'closed'
    protocol: string
    onopen: (() => void) | null
    onclose: ((event: { code?: number; reason?: string }) => void) | null
    onerror: ((event: unknown) => void) | null
    onmessage: ((event: { data: ArrayBuffer }) => void) | null
  }

  type RfbEvents = {
    connect: CustomEvent<Record<string, never>>
    disconnect: CustomEvent<{ clean: boolean }>
    desktopname: CustomEvent<{ name: string }>
    clipboard: CustomEvent<{ text: string }>
  }

  export default class RFB {
    constructor(target: HTMLElement, channel: RfbChannel, options?: { shared?: boolean })
    viewOnly: boolean
    scaleViewport: boolean
    clipViewport: boolean
    dragViewport: boolean
    focusOnClick: boolean
    showDotCursor: boolean
    qualityLevel: number
    background: string
    addEventListener<E extends keyof RfbEvents>(type: E, listener: (event: RfbEvents[E]) => void): void
    sendKey(keysym: number, code: string, down?: boolean): void
    clipboardPasteFrom(text: string): void
    focus(options?: FocusOptions): void
    blur(): void
    disconnect(): void
    toBlob(callback: (blob: Blob | null) => void, type?: string): void
  }
}
