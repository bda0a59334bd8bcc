// A list's search box: finished terms are tokens, the rest is text; what is typed filters at once.
import { useId, useRef, useState } from 'react'
import type { KeyboardEvent } from 'react'
import { useShortcut } from '../../stores/shortcuts.ts'
import { IconMark } from '../../ui/icon.tsx'
import { CloseIcon, SearchIcon } from '../../ui/icons.ts'
import { formatCount } from '../../util/format.ts'
import { formatTerm, isToken } from './language.ts'
import type { Term } from './language.ts'
import { finish, tokenize } from './list-search.ts'
import type { Draft } from './list-search.ts'
import { accept, suggest } from './suggest.ts'
import type { Suggestion, SuggestionSource } from './suggest.ts'
import { Bdi, Told } from '../../ui/bdi.tsx'
import { visibleText } from '../../util/visible-text.ts'

type QueryBoxProps<R> = {
  /** `Search VMs`. */
  label: string
  draft: Draft
  source: SuggestionSource<R>
  placeholder: string
  onType: (draft: Draft) => void
  onDecide: (draft: Draft) => void
  /** Enter with nothing left to finish: on to what was found. */
  onEnter: () => void
}

export function QueryBox<R>({ label, draft, source, placeholder, onType, onDecide, onEnter }: QueryBoxProps<R>) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(-1)
  const suggestions = open ? suggest(draft.text, source) : []
  const problem = draft.tokens.find((term) => term.kind === 'invalid')?.problem
  const listed = suggestions.length > 0
  useShortcut('/', { label: 'Search this list', group: 'List', run: () => input.current?.focus() })

  function type(text: string) {
    setOpen(true)
    setActive(-1)
    const next = tokenize(source.language, { ...draft, text })
    if (next.tokens.length > draft.tokens.length) onDecide(next)
    else onType(next)
  }

  function choose(suggestion: Suggestion) {
    type(accept(source.language, draft.text, suggestion))
    input.current?.focus()
  }

  function without(index: number) {
    onDecide({ ...draft, tokens: draft.tokens.toSpliced(index, 1) })
    input.current?.focus()
  }

  function keydown(event: KeyboardEvent<HTMLInputElement>) {
    const chosen = suggestions[active]
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp': {
        if (!listed) return setOpen(true)
        event.preventDefault()
        const step = event.key === 'ArrowDown' ? 1 : -1
        return setActive(((active + 1 + step + suggestions.length + 1) % (suggestions.length + 1)) - 1)
      }
      case 'Enter': {
        if (event.nativeEvent.isComposing) return
        if (chosen) return choose(chosen)
        setOpen(false)
        const done = finish(source.language, draft)
        onDecide(done)
        if (done.tokens.length === draft.tokens.length) onEnter()
        return
      }
      case 'Tab':
        if (!chosen) return
        event.preventDefault()
        return choose(chosen)
      case 'Escape':
        if (listed) setOpen(false)
        else if (draft.text) onType({ ...draft, text: '' })
        else input.current?.blur()
        return
      case 'Backspace':
        if (draft.text === '' && draft.tokens.length > 0) without(draft.tokens.length - 1)
    }
  }

  return (
    <div className="querywrap">
      <div
        className="query"
        onMouseDown={(event) => event.target === event.currentTarget && event.preventDefault()}
        onClick={() => input.current?.focus()}
      >
        <IconMark icon={SearchIcon} />
        <span className="toks">
          {draft.tokens.map((term, index) => (
            <TokenChip key={`${index} ${formatTerm(term)}`} term={term} onRemove={() => without(index)} />
          ))}
          <input
            ref={input}
            aria-label={label}
            role="combobox"
            aria-expanded={listed}
            aria-controls={listed ? `${id}-list` : undefined}
            aria-autocomplete="list"
            aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
            aria-invalid={problem !== undefined}
            aria-describedby={problem === undefined ? undefined : `${id}-problem`}
            placeholder={draft.tokens.length > 0 ? '' : placeholder}
            value={draft.text}
            spellCheck={false}
            autoComplete="off"
            autoCapitalize="none"
            onChange={(event) => type(event.target.value)}
            onKeyDown={keydown}
            onBlur={() => setOpen(false)}
          />
        </span>
        {draft.tokens.length > 0 || draft.text !== '' ? (
          <button type="button" className="clear" aria-label="Clear the search" onClick={() => onDecide({ tokens: [], text: '' })}>
            <IconMark icon={CloseIcon} />
          </button>
        ) : (
          <kbd className="desk" aria-hidden="true">
            /
          </kbd>
        )}
      </div>
      {listed && (
        <ul className="menu suggestions" role="listbox" id={`${id}-list`} aria-label="Suggestions">
          {suggestions.map((suggestion, index) => (
            <li
              key={suggestion.insert}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === active}
              className={index === active ? 'mi on' : 'mi'}
              // The focus stays in the box: pressing must not take it.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(suggestion)}
            >
              <Spelled>{suggestion.insert}</Spelled>
              {suggestion.hint && <span className="dim tl">{suggestion.hint}</span>}
              {suggestion.count !== undefined && <em>{formatCount(suggestion.count)}</em>}
            </li>
          ))}
        </ul>
      )}
      {problem !== undefined && !listed && (
        <p className="queryproblem" id={`${id}-problem`}>
          <Told>{problem}</Told>
        </p>
      )}
    </div>
  )
}

function TokenChip({ term, onRemove }: { term: Term; onRemove: () => void }) {
  const text = formatTerm(term)
  return (
    <span className={isToken(term) ? 'tok' : 'tok bad'}>
      <Spelled>{text}</Spelled>
      <button type="button" aria-label={`Remove ${visibleText(text)}`} onClick={onRemove}>
        <IconMark icon={CloseIcon} />
      </button>
    </span>
  )
}

/** A term with its key dimmed. */
function Spelled({ children }: { children: string }) {
  const colon = children.indexOf(':') + 1
  return (
    <span className="spelled">
      <i>{children.slice(0, colon)}</i>
      <Bdi>{children.slice(colon)}</Bdi>
    </span>
  )
}
