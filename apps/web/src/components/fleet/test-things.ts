/** What the fleets of tests are called, and what is alike in all of them. */
export const things = {
  id: 'things',
  title: 'Things',
  one: 'thing',
  many: 'things',
  placeholder: { wide: '', phone: '' },
  flexible: 'name',
  order: { column: 'name', descending: false },
}
