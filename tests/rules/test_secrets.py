"""DESIGN 4: which values of the environment are secrets, for the core and for every adapter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harnesses.scrubbing import secrets_of
from smithers.secrets import Secrets

VALUE = "f3a9-Zq7x-0b1c"


def names(text: str) -> list[str]:
    return text.split()


SECRET_NAMES = names("""
    GITHUB_TOKEN GH_TOKEN GH_PAT AZURE_DEVOPS_EXT_PAT GITLAB_PAT NPM_TOKEN NODE_AUTH_TOKEN
    PYPI_TOKEN TWINE_PASSWORD AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
    PGPASSWORD MYSQL_PWD MYSQL_ROOT_PASSWORD REDIS_PASS SMTP_PASS DB_PASSWD SSHPASS
    REDISCLI_AUTH LDAP_BIND_PW SENTRY_DSN JWT JWT_SECRET SESSION_COOKIE AUTHORIZATION
    HTTP_AUTHORIZATION PRIVATE_KEY SSH_KEY API_KEY APIKEY API_KEY_2 OPENAI_API_KEY
    ANTHROPIC_AUTH_TOKEN CLAUDE_CODE_OAUTH_TOKEN STRIPE_SK PASSPHRASE GPG_PASSPHRASE
    CREDENTIALS GIT_CREDENTIAL DJANGO_SECRET_KEY SECRET_KEY_BASE RAILS_MASTER_KEY
    TWILIO_AUTH_TOKEN CI_JOB_TOKEN VAULT_TOKEN DOCKER_PASSWORD AZURE_CLIENT_SECRET
    npm_config__auth githubToken apiKey KEY TOKEN SECRET PASSWORD BASIC_AUTH BEARER_TOKEN
""")
OTHER_NAMES = names("""
    MONKEY KEYCLOAK_REALM_INFO KEYBOARD_LAYOUT KEYMAP HOTKEYS TURKEY TOKENIZERS_PARALLELISM
    PASSWORD_STORE_DIR SSH_AUTH_SOCK PWD OLDPWD PATH HOME SSH_KEY_PATH KEY_FILE MAX_TOKENS
    CLAUDE_CODE_MAX_OUTPUT_TOKENS TOKEN_URL COMPASS BYPASS PASSENGER_APP XAUTHORITY
    GIT_ASKPASS GIT_AUTHOR_NAME STRIPE_PUBLISHABLE_KEY NEXT_PUBLIC_ANON_KEY SECRET_NAME
    COOKIE_DOMAIN AUTH_PROVIDER JWT_ALGORITHM SESSION_MANAGER PATTERN SECRETARY
    XDG_SESSION_ID LS_COLORS
""")


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_the_value_of_a_secret_name_is_masked_by_the_core_and_by_adapters(name: str) -> None:
    for mask in (Secrets({name: VALUE}).mask, secrets_of({name: VALUE})):
        assert mask(f"it is {VALUE}.") == f"it is ${{{name}}}."


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_the_value_of_another_name_is_shown(name: str) -> None:
    for mask in (Secrets({name: VALUE}).mask, secrets_of({name: VALUE})):
        assert mask(f"it is {VALUE}.") == f"it is {VALUE}."


@pytest.mark.parametrize(
    "value",
    ["development", "PRODUCTION", "1234567", "true", "", "abcdefghijklmno", __file__],
)
def test_plain_words_short_values_and_paths_of_files_are_no_secrets(value: str) -> None:
    assert Secrets({"DB_PASSWORD": value}).mask(f"it is {value}") == f"it is {value}"


@pytest.mark.parametrize(
    "value", ["Development", "development1", "abcdefghijklmnop", "12345678", "/Jk3hXw0q+Zt9"]
)
def test_other_values_of_8_characters_are(value: str) -> None:
    assert Secrets({"DB_PASSWORD": value}).mask(f"it is {value}") == "it is ${DB_PASSWORD}"


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("DATABASE_URL", "postgres://app:s3cr3t-0815@db:5432/shop", "s3cr3t-0815"),
        ("REDIS_URL", "redis://:s3cr3t-0815@cache:6379/0", "s3cr3t-0815"),
        ("HTTPS_PROXY", "http://ann:s3cr3t%400815@proxy:3128", "s3cr3t@0815"),
        ("AZURE_STORAGE", "AccountName=a;AccountKey=s3cr3t0815==;Suffix=x", "s3cr3t0815=="),
        (
            "SENTRY_DSN",
            "https://abc123@o1.ingest.sentry.io/1",
            "https://abc123@o1.ingest.sentry.io/1",
        ),
        ("SLACK_WEBHOOK_URL", "https://hooks.slack.com/x/B0/9z", "https://hooks.slack.com/x/B0/9z"),
    ],
)
def test_of_a_url_the_password_is_the_secret(name: str, value: str, secret: str) -> None:
    mask = Secrets({name: value}).mask
    assert mask(f"it is {secret}!") == f"it is ${{{name}}}!"
    if "@" in value and name != "SENTRY_DSN":
        host = value.rpartition("@")[2]
        assert mask(f"it is on {host}") == f"it is on {host}"
        assert mask(f"to {value}") == f"to {value.partition('s3cr3t')[0]}${{{name}}}@{host}"


def test_the_url_of_a_service_is_no_secret() -> None:
    mask = Secrets({"KEYCLOAK_URL": "http://localhost:8080", "API_KEY": "http://localhost:1"}).mask
    assert mask("see http://localhost:8080/reports") == "see http://localhost:8080/reports"


def test_a_secret_of_many_lines_is_masked_as_a_whole_and_line_by_line() -> None:
    key = (
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----"
    )
    mask = Secrets({"DEPLOY_KEY": key}).mask
    assert mask(key) == "${DEPLOY_KEY}"
    assert mask("hkiG9w0BAQEFAASC") == "${DEPLOY_KEY}"
    assert mask("-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


def test_the_fields_of_a_secret_in_json_are_secrets_by_their_own_names() -> None:
    value = json.dumps({"type": "service_account", "private_key": VALUE, "project": "my-project-1"})
    mask = Secrets({"GCP_CREDENTIALS": value}).mask
    assert mask(value) == "${GCP_CREDENTIALS}"
    assert mask(VALUE) == "${GCP_CREDENTIALS}"
    assert mask("my-project-1 service_account") == "my-project-1 service_account"


def test_a_secret_is_found_in_json_in_json_in_json_and_in_a_url() -> None:
    secret = 'a"b\\c/dé-0815'
    mask = Secrets({"API_KEY": secret}).mask
    for ascii in (True, False):
        once = json.dumps({"x": secret}, ensure_ascii=ascii)
        assert mask(once) == '{"x": "${API_KEY}"}'
        assert "0815" not in mask(json.dumps(once, ensure_ascii=False))
    assert mask("https://x/?k=a%22b%5Cc%2Fd%C3%A9-0815") == "https://x/?k=${API_KEY}"


def test_a_text_that_was_cut_shows_no_half_of_a_secret() -> None:
    mask = Secrets({"API_KEY": VALUE}).mask
    assert mask(f"it is {VALUE[:10]}… and {VALUE[:8]}...") == "it is ${API_KEY}… and ${API_KEY}..."
    assert mask(f"it is {VALUE[:7]}…") == f"it is {VALUE[:7]}…"


def test_the_longer_of_two_secrets_leaves_nothing_and_a_mark_is_not_masked_again() -> None:
    mask = Secrets({"A_TOKEN": "abcd1234", "B_TOKEN": "abcd1234-more", "C_TOKEN": "{A_TOKEN}"}).mask
    assert mask("abcd1234-more abcd1234") == "${B_TOKEN} ${A_TOKEN}"


def test_the_names_of_what_was_masked_are_told() -> None:
    found: set[str] = set()
    secrets = Secrets({"A_TOKEN": "abcd1234", "B_TOKEN": "efgh5678"})
    data = {"efgh5678": ["x", 1, None, {"y": "efgh5678"}]}
    assert secrets.mask_data(data, found) == {"${B_TOKEN}": ["x", 1, None, {"y": "${B_TOKEN}"}]}
    assert found == {"B_TOKEN"}


def test_the_list_of_names_is_written_once() -> None:
    root = Path(__file__).parents[2]
    listed = [
        file
        for folder in ("smithers", "harnesses", "mcp_server")
        for file in (root / folder).rglob("*.py")
        if "PASSWD" in file.read_text()
    ]
    assert listed == [root / "smithers" / "secrets.py"]
