/**
 * The virtual card reader: a modal window (the browser keeps the focus in it, Escape cancels) in which a card is chosen
 * and its PIN typed. After three wrong PINs a card is blocked for the life of the page.
 */
import { signChallenge } from './card-key.js';

const TRIES = 3;

/** Why the reader closed without a signature; `code` is one of the extension's. */
export class ReaderFailure extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** Puts the window of `markup` into the page, closed. */
export function createReader(markup) {
  const holder = document.createElement('div');
  holder.innerHTML = markup;
  const dialogue = holder.querySelector('[data-reader]');
  document.body.append(dialogue);
  return new CardReader(dialogue);
}

class CardReader {
  #dialogue;
  #cards;
  #pinForm;
  #pin;
  #triesLeft = new Map();
  #chosen;
  #busy = false;
  /** What a request that is open waits for. */
  #request;

  constructor(dialogue) {
    this.#dialogue = dialogue;
    this.#cards = [...dialogue.querySelectorAll('[data-card]')];
    this.#pinForm = dialogue.querySelector('form');
    this.#pin = this.#pinForm.elements.namedItem('pin');
    for (const card of this.#cards) card.addEventListener('click', () => this.#choose(card));
    this.#pinForm.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#tryPin();
    });
    this.#part('[data-act="other"]').addEventListener('click', () => this.#showCards());
    for (const button of dialogue.querySelectorAll('[data-act="cancel"]')) {
      button.addEventListener('click', () => dialogue.close());
    }
    // Escape closes it as well. A signature concludes the request before, so that this comes too late to cancel it.
    dialogue.addEventListener('close', () => this.#request?.fail('ERR_WEBEID_USER_CANCELLED'));
  }

  /** A signature by a card of the citizen's choice. @throws ReaderFailure */
  async sign(origin, nonce, withinMs) {
    this.#showCards();
    this.#part('[data-blocked-text]').hidden = true;
    this.#dialogue.showModal();
    let timer;
    try {
      return await new Promise((resolve, reject) => {
        this.#request = { origin, nonce, resolve, fail: (code) => reject(new ReaderFailure(code)) };
        timer = setTimeout(() => this.#request?.fail('ERR_WEBEID_USER_TIMEOUT'), withinMs);
      });
    } finally {
      clearTimeout(timer);
      this.#request = undefined;
      this.#pin.value = '';
      this.#dialogue.close();
    }
  }

  #part(selector) {
    return this.#dialogue.querySelector(selector);
  }

  #showStep(name) {
    for (const step of this.#dialogue.querySelectorAll('[data-step]')) step.hidden = step.dataset.step !== name;
  }

  #showCards() {
    this.#showStep('choose');
    const card = this.#chosen?.disabled === false ? this.#chosen : this.#cards.find(({ disabled }) => !disabled);
    card?.focus();
  }

  #choose(card) {
    this.#chosen = card;
    this.#part('[data-blocked-text]').hidden = true;
    this.#part('[data-chosen]').replaceChildren(...[...card.children].map((part) => part.cloneNode(true)));
    this.#part('[data-problem]').hidden = true;
    this.#pin.value = '';
    this.#showStep('pin');
    this.#pin.focus();
  }

  async #tryPin() {
    const request = this.#request;
    const card = this.#chosen;
    if (request === undefined || this.#busy) return;
    this.#busy = true;
    try {
      const signature = await signChallenge(card.dataset, this.#pin.value, request.origin, request.nonce);
      if (signature !== undefined) {
        this.#triesLeft.delete(card);
        request.resolve({ certificate: card.dataset.certificate, signature });
      } else {
        this.#countWrongPin(card);
      }
    } catch {
      request.fail('ERR_WEBEID_NATIVE_FATAL');
    } finally {
      this.#busy = false;
    }
  }

  #countWrongPin(card) {
    const left = (this.#triesLeft.get(card) ?? TRIES) - 1;
    this.#triesLeft.set(card, left);
    if (left > 0) {
      const problem = this.#part('[data-problem]');
      problem.textContent = this.#part(`template[data-tries="${left}"]`).content.textContent;
      problem.hidden = false;
      this.#pin.value = '';
      this.#pin.focus();
      return;
    }
    card.disabled = true;
    card.querySelector('[data-blocked]').hidden = false;
    this.#part('[data-blocked-text]').hidden = false;
    this.#showCards();
  }
}
