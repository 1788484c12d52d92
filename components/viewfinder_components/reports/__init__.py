"""The look of the HTML pages: `page.render` fills templates that extend `templates/base.html`."""
