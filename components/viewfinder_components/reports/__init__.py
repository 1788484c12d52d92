"""The HTML pages' one look: `page.render` fills in templates that extend `templates/base.html`."""
