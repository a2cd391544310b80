"""What Prometheus needs in its settings to read the metrics of a server."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

__all__ = ["scrape_config"]


def scrape_config(url: str, token_file: str) -> str:
    """A part of `prometheus.yml` for the server at an address. A token may read the metrics whose
    file is named.
    """
    # A text in JSON is one in YAML as well, whatever is in the path.
    return f"""\
scrape_configs:
  - job_name: smithers
    authorization:
      credentials_file: {json.dumps(token_file)}
    static_configs:
      - targets: [{json.dumps(urlsplit(url).netloc)}]"""
