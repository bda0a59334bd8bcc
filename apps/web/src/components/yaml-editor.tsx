import { defaultKeymap } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, codeFolding, foldGutter, foldKeymap, syntaxHighlighting } from '@codemirror/language'
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search'
import { EditorState } from '@codemirror/state'
import { EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import { cspNonce } from '../util/csp.ts'

export type YamlEditorProps = {
  /** The text to show; a new one keeps the scroll position and the folds that still fit. */
  value: string
  /** What the text is, for assistive technology: `YAML of pay-db-02`. */
  label: string
  /** Lines wrap instead of scrolling sideways. */
  wrap?: boolean
}

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--vd-transit)' },
  { tag: [tags.string, tags.content], color: 'var(--vd-content-1)' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: 'var(--vd-warning)' },
  { tag: [tags.punctuation, tags.separator, tags.meta], color: 'var(--vd-content-3)' },
  { tag: tags.comment, color: 'var(--vd-content-3)', fontStyle: 'italic' },
])

const look = EditorView.theme({
  '&': { height: '100%', color: 'var(--vd-content-1)', backgroundColor: 'var(--vd-field)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--vd-mono)', fontSize: '12px', lineHeight: '19px', fontVariantLigatures: 'none' },
  '.cm-gutters': { backgroundColor: 'var(--vd-field)', color: 'var(--vd-content-3)', border: 'none' },
  '.cm-lineNumbers .cm-gutterElement': { minWidth: '40px', padding: '0 4px 0 12px' },
  '.cm-foldGutter .cm-gutterElement': { cursor: 'pointer', padding: '0 4px' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--vd-hover)' },
  '.cm-cursor': { borderLeftColor: 'var(--vd-accent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--vd-accent-quiet)',
  },
  '.cm-selectionMatch': { backgroundColor: 'var(--vd-pressed)' },
  '.cm-searchMatch': { backgroundColor: 'var(--vd-warning-bg)', outline: '1px solid var(--vd-warning-line)' },
  '.cm-searchMatch-selected': { backgroundColor: 'var(--vd-warning-line)' },
  '.cm-foldPlaceholder': {
    backgroundColor: 'var(--vd-surface-2)',
    border: '1px solid var(--vd-border-2)',
    color: 'var(--vd-content-3)',
    padding: '0 6px',
  },
  '.cm-panels': { backgroundColor: 'var(--vd-surface-2)', color: 'var(--vd-content-1)', borderColor: 'var(--vd-border-1)' },
  '.cm-panel.cm-search': { padding: '6px 28px 6px 12px' },
  '.cm-textfield': {
    backgroundColor: 'var(--vd-field)',
    border: '1px solid var(--vd-border-3)',
    borderRadius: 'var(--vd-r-control)',
    padding: '3px 8px',
  },
  '.cm-button': {
    backgroundImage: 'none',
    backgroundColor: 'var(--vd-surface-1)',
    border: '1px solid var(--vd-border-2)',
    borderRadius: 'var(--vd-r-control)',
    padding: '3px 8px',
  },
  '.cm-panel.cm-search [name=close]': {
    color: 'var(--vd-content-3)',
    fontSize: '18px',
    right: '8px',
    top: '4px',
    width: '24px',
    height: '24px',
  },
})

/** CodeMirror, read-only. Its style element carries the page's nonce. */
export default function YamlEditor({ value, label, wrap }: YamlEditorProps) {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)

  useEffect(() => {
    // The ref is set: the effect runs after the element is mounted.
    const editor = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        extensions: [
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({ 'aria-label': label, 'aria-readonly': 'true', tabindex: '0' }),
          EditorView.cspNonce.of(cspNonce()),
          lineNumbers(),
          codeFolding(),
          foldGutter(),
          drawSelection(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          search({ top: true }),
          yaml(),
          syntaxHighlighting(colours),
          look,
          wrap ? EditorView.lineWrapping : [],
          keymap.of([...searchKeymap, ...foldKeymap, ...defaultKeymap]),
        ],
      }),
    })
    view.current = editor
    return () => editor.destroy()
  }, [label, wrap])

  useEffect(() => {
    const editor = view.current
    if (!editor || editor.state.doc.toString() === value) return
    editor.dispatch({ changes: difference(editor.state.doc.toString(), value) })
  }, [value, label, wrap])

  return <div ref={host} className="editor" data-keys="off" />
}

/** The one span that differs, so that what is folded and selected outside of it stays. */
function difference(before: string, after: string) {
  let start = 0
  const shorter = Math.min(before.length, after.length)
  while (start < shorter && before[start] === after[start]) start += 1
  let end = 0
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) }
}
