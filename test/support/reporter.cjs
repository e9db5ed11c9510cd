/**
 * mocha's spec reporter with two things more at its end: every test that did not run, by name, so that nobody takes a
 * missing tool for a green light; and as the very last line, alone, the sum that a gate or a person looks for.
 */
const { Spec } = require('mocha').reporters;

class SumReporter extends Spec {
  #skipped = [];

  constructor(runner, options) {
    super(runner, options);
    runner.on('pending', (test) => this.#skipped.push(test.fullTitle()));
  }

  epilogue() {
    super.epilogue();
    const lines = this.#skipped.length === 0 ? [] : ['Skipped:', ...this.#skipped.map((title) => `  - ${title}`), ''];
    const { passes, failures } = this.stats;
    lines.push(`${passes} passed, ${failures} failed, ${this.#skipped.length} skipped`);
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}

module.exports = SumReporter;
