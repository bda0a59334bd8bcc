// Text that a guest or another user chose, made fit to be read beside ours.

/** As much as a cell of a table shows. */
export const CELL_CHARACTERS = 200
/** As much as a page about one thing shows. */
export const DETAIL_CHARACTERS = 4096

/**
 * What draws nothing, or makes other characters draw elsewhere: controls, bidirectional marks, zero widths, fillers, tags,
 * halves of characters. Not line breaks and tabs, and not the selector that makes an emoji of a character.
 */
const unseen = /(?!\ufe0f|[\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** Nothing to spell out: most of what is ever shown. */
const plain = /^[\n\t\x20-\x7e]*$/
const word = /[\p{L}\p{M}]+/gu
const latin = /\p{Script=Latin}/u
/** Letters of the scripts that have some which look like Latin ones. */
const lookAlike = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\p{Script=Lisu}]/gu

/** A word of one script is a word; one that mixes Latin letters with their look-alikes pretends to be another. */
const unmask = (text: string) =>
  text.replaceAll(word, (letters) => (latin.test(letters) ? letters.replaceAll(lookAlike, escapeOf) : letters))

/** Whether a cell may show the text as it is, and beside whatever text: it has no direction of its own, nor anything unseen. */
export const isPlain = (text: string) => text.length <= CELL_CHARACTERS && plain.test(text)

/** The text with what cannot be seen, or is not what it seems, spelled out, `\u202e`, and no longer than is good for the place. */
export function visibleText(text: string, maxCharacters = CELL_CHARACTERS): string {
  if (text.length <= maxCharacters && plain.test(text)) return text
  // Each escape is longer than what it stands for: more than this is never shown, however long the text is.
  const beginning = text.length > 2 * maxCharacters ? text.slice(0, 2 * maxCharacters) : text
  const spelled = Array.from(plain.test(beginning) ? beginning : unmask(beginning.replaceAll(unseen, escapeOf)))
  const whole = spelled.length <= maxCharacters && beginning === text
  return whole ? spelled.join('') : `${spelled.slice(0, maxCharacters - 1).join('')}…`
}

function escapeOf(character: string): string {
  const point = character.codePointAt(0) ?? 0
  return point > 0xffff ? `\\u{${point.toString(16)}}` : `\\u${point.toString(16).padStart(4, '0')}`
}
