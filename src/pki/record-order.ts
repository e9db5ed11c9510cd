/**
 * Sorts records by keys of equal length, without moving them: millions of records, with no memory beside eight octets
 * for each.
 *
 * Four octets of the key at a time are packed above the record's number into one 64-bit word, and the words are sorted
 * natively: a comparison function called from the sort would cost several times as much. Records that are equal in the
 * four octets are sorted by the next four. On a little-endian machine, the only kind that Node is built for, the low
 * half of a word, which holds the record's number, is the first.
 */

/** The keys, by the numbers of their records. */
export interface RecordKeys {
  /** The length of every key. */
  readonly octets: number;
  octetAt(record: number, index: number): number;
}

/** Numbers of 32 bits, each in a word that the sort needs for itself. */
export class RecordOrder {
  readonly #words: BigUint64Array;
  readonly #halves: Uint32Array;

  constructor(count: number) {
    this.#words = new BigUint64Array(count);
    this.#halves = new Uint32Array(this.#words.buffer);
  }

  recordAt(place: number): number {
    return this.#halves[place * 2] ?? 0;
  }

  put(place: number, record: number): void {
    this.#halves[place * 2] = record;
  }

  /** Afterwards `recordAt(n)` is the record with the n-th key; records with one key stay in the order of their numbers. */
  sort(keys: RecordKeys): void {
    this.#sortRun(keys, 0, this.#words.length, 0);
  }

  /** @param equalOctets how many octets the keys of the run have in common at least */
  #sortRun(keys: RecordKeys, from: number, to: number, equalOctets: number): void {
    const first = this.recordAt(from);
    let common = keys.octets;
    for (let place = from + 1; place < to && common > equalOctets; place++) {
      common = commonOctets(keys, first, this.recordAt(place), equalOctets, common);
    }
    if (common >= keys.octets) return;
    for (let place = from; place < to; place++) {
      this.#halves[place * 2 + 1] = fourOctets(keys, this.recordAt(place), common);
    }
    this.#words.subarray(from, to).sort();
    if (common + 4 >= keys.octets) return;
    for (let start = from, place = from + 1; place <= to; place++) {
      if (place < to && this.#halves[place * 2 + 1] === this.#halves[start * 2 + 1]) continue;
      if (place - start > 1) this.#sortRun(keys, start, place, common + 4);
      start = place;
    }
  }
}

function fourOctets(keys: RecordKeys, record: number, index: number): number {
  let value = 0;
  for (let i = index; i < index + 4; i++) value = value * 256 + (i < keys.octets ? keys.octetAt(record, i) : 0);
  return value;
}

function commonOctets(keys: RecordKeys, one: number, other: number, from: number, to: number): number {
  let index = from;
  while (index < to && keys.octetAt(one, index) === keys.octetAt(other, index)) index++;
  return index;
}
