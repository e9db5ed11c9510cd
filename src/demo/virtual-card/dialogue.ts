/**
 * The window in which a citizen of the demonstration chooses a virtual card and types its PIN: markup only, in the
 * language of the page. What it does is in `page/`.
 */
import type { Locale } from '../../http/localization.ts';
import type { CardDefinition, CardId } from '../card-catalogue.ts';
import { type Html, html } from '../html.ts';
import type { EncryptedKey } from './encrypted-key.ts';

export interface VirtualCard {
  readonly definition: CardDefinition & { readonly id: CardId };
  /** DER, base64. */
  readonly certificate: string;
  readonly expiresAt: Date;
  readonly key: EncryptedKey;
}

/** An HTML fragment: one `dialog`. */
export function renderDialogue(cards: readonly VirtualCard[], locale: Locale): string {
  const { t } = locale;
  const cancel = html`<button class="button quiet" type="button" data-act="cancel">${t('virtual-card.cancel')}</button>`;
  return html`<dialog class="reader" data-reader aria-labelledby="reader-title">
  <h2 id="reader-title">${t('virtual-card.reader')}</h2>
  <div class="reader-step" data-step="choose">
    <p>${t('virtual-card.choose')}</p>
    <p class="problem" role="alert" data-blocked-text hidden>${t('virtual-card.blocked')}</p>
    <ul class="virtual-cards">${cards.map((card) => cardItem(card, locale))}
    </ul>
    <div class="actions">${cancel}</div>
  </div>
  <form class="reader-step" data-step="pin" autocomplete="off" hidden>
    <div class="chosen" data-chosen></div>
    <div class="pin">
      <label for="reader-pin">${t('virtual-card.pin')}</label>
      <input id="reader-pin" name="pin" type="password" inputmode="numeric" autocomplete="off" dir="ltr" minlength="4" maxlength="12" required aria-describedby="reader-problem reader-hint">
    </div>
    <p id="reader-problem" class="problem" role="alert" data-problem hidden></p>
    <p id="reader-hint" class="small">${t('virtual-card.hint')}</p>
    <div class="actions">
      <button class="button primary" type="submit">${t('virtual-card.confirm')}</button>
      <button class="button quiet" type="button" data-act="other">${t('virtual-card.other')}</button>
      ${cancel}
    </div>
  </form>
  <template data-tries="2">${t('virtual-card.two-tries-left')}</template>
  <template data-tries="1">${t('virtual-card.one-try-left')}</template>
</dialog>
`.markup;
}

function cardItem({ definition, certificate, expiresAt, key }: VirtualCard, locale: Locale): Html {
  const { id, holder } = definition;
  const { t } = locale;
  const title = t(`virtual-card.card.${id}`);
  const date = new Intl.DateTimeFormat(locale.tag, { dateStyle: 'medium', timeZone: 'UTC' }).format(expiresAt);
  const arabicName =
    holder.arabicGivenName === undefined
      ? undefined
      : html` <span lang="ar" dir="rtl">${holder.arabicGivenName} ${holder.arabicFamilyName}</span>`;
  return html`
      <li>
        <button class="virtual-card" type="button" data-card="${id}" data-certificate="${certificate}" data-iterations="${key.iterations}" data-salt="${key.salt}" data-iv="${key.iv}" data-key="${key.ciphertext}">
          <span class="face" dir="ltr">
            <span class="face-head"><span lang="fr" dir="ltr">Carte de démonstration</span> <span lang="ar" dir="rtl">بطاقة تجريبية</span></span>
            <svg class="face-chip" viewBox="0 0 28 22" aria-hidden="true" focusable="false"><rect x="1" y="1" width="26" height="20" rx="4"/><path d="M1 11h9m8 0h9M14 1v5m0 10v5M10 6h8v10h-8z"/></svg>
            <span class="face-names"><span lang="" dir="ltr">${holder.givenName} ${holder.familyName}</span>${arabicName}</span>
            <span class="face-line"><bdi dir="ltr">${numberOf(holder.semanticsIdentifier)}</bdi> <span dir="${locale.direction}">${t('virtual-card.expires')} <bdi>${date}</bdi></span></span>
          </span>
          <span class="card-title">${title} <strong class="blocked" data-blocked hidden>${t('virtual-card.is-blocked')}</strong></span>
        </button>
      </li>`;
}

/** `ZZ100001` of `PNOMA-ZZ100001` (ETSI EN 319 412-1 5.1.3). */
function numberOf(semanticsIdentifier: string): string {
  return semanticsIdentifier.slice(semanticsIdentifier.indexOf('-') + 1);
}
