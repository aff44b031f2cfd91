"""The composition root: the Chalice app and its blueprints. Everything else is in ``chalicelib``."""

from __future__ import annotations

from chalice.app import Chalice

from chalicelib.entrypoints.routes import api

app = Chalice(app_name="stepbase", configure_logs=False)
app.register_blueprint(api)
