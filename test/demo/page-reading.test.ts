import { expect } from 'chai';
import { html } from '../../src/demo/html.ts';
import { bodyAttribute, findAction, headingOf } from '../../src/demo/page-reading.ts';

const PAGE_URL = new URL('http://localhost:4000/interaction/abc');
const PAGE = `<body class="x" data-code="CERT_REVOKED">
  <h1><span>Card</span> &amp; code</h1>
  <form method="post" action="/interaction/abc/decline" data-action="decline"><input type="hidden" name="csrf" value="no"></form>
  <form method="post" action="consent?a=1&amp;b=2" data-action="consent">
    <input type="hidden" name="csrf" value="&quot;x&#39;&#x3C;">
    <button type="submit" name="choice" value="allow">Allow</button>
  </form>
  <a class="button" data-action="cancel" href="../../">Back</a>
</body>`;

describe('sign-in client: reading our pages', () => {
  it('finds a form by its action, with address and fields unescaped', () => {
    const action = findAction(PAGE, 'consent', PAGE_URL);
    expect(action?.method).to.equal('POST');
    expect(action?.url.href).to.equal('http://localhost:4000/interaction/consent?a=1&b=2');
    expect([...(action?.fields ?? [])]).to.deep.equal([
      ['csrf', `"x'<`],
      ['choice', 'allow'],
    ]);
  });

  it('finds a link by its action', () => {
    expect(findAction(PAGE, 'cancel', PAGE_URL))
      .to.include({ method: 'GET' })
      .and.have.nested.property('url.href', 'http://localhost:4000/');
  });

  it('finds nothing where nothing is', () => {
    expect(findAction(PAGE, 'present-card', PAGE_URL)).to.equal(undefined);
    expect(bodyAttribute(PAGE, 'data-error')).to.equal(undefined);
    expect(headingOf('<p>no heading</p>')).to.equal(undefined);
  });

  it('reads the code of the body and the text of the heading', () => {
    expect(bodyAttribute(PAGE, 'data-code')).to.equal('CERT_REVOKED');
    expect(headingOf(PAGE)).to.equal('Card & code');
  });
});

describe('demonstration portal: HTML', () => {
  it('escapes every value, and leaves HTML as it is', () => {
    const hostile = `"'><script>&`;
    expect(
      html`<a title="${hostile}">${html`<b>${hostile}</b>`}${[html`<i></i>`, html`<u></u>`]}${undefined}</a>`.markup,
    ).to.equal(
      '<a title="&quot;&#39;&gt;&lt;script&gt;&amp;"><b>&quot;&#39;&gt;&lt;script&gt;&amp;</b><i></i><u></u></a>',
    );
  });
});
