"""The receipt of a run, what was verified of it, and who has changed it, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smithers.store.rows import time_text
from smithers.texts import from_json, title_of
from smithers.wire._runs import cost_json

if TYPE_CHECKING:
    from smithers.callers import AuditRow
    from smithers.views import AgentWorkView, DecisionView, Finding, ReceiptView, Verified
    from smithers.wire._values import Json

__all__ = ["audit_json", "receipt_json", "verified_json"]


def audit_json(row: AuditRow) -> Json:
    return {
        "at": time_text(row.at),
        "who": row.who,
        "claimed": row.claimed or None,
        "what": row.what,
        "run_id": row.run_id or None,
        "about": row.about or None,
        "face": row.face,
        "address": row.address or None,
        "credential": row.credential or None,
    }


def verified_json(view: Verified) -> Json:
    return {
        "version": 1,
        "run_id": view.run_id,
        "frame": view.frame,
        "digest": f"{view.frame}:{view.digest}",
        "matches": view.matches,
        "checked": dict(view.checked),
        "findings": [_finding(one) for one in view.findings],
        "notes": [_finding(one) for one in view.notes],
    }


def _finding(one: Finding) -> Json:
    return {
        "table": one.table,
        "task": None if one.key is None else one.key.id,
        "iteration": [] if one.key is None else list(one.key.path),
        "frame": one.frame,
        "said": one.said,
    }


def receipt_json(view: ReceiptView) -> Json:
    forked = view.forked_from
    return {
        "version": 1,
        "run_id": view.run_id,
        "workflow": view.workflow,
        "file": view.file,
        "status": view.status,
        "frame": view.frame,
        "digest": view.receipt,
        "created_at": time_text(view.created_at),
        "last_at": time_text(view.last_at),
        "input": from_json(view.input),
        "error": view.error,
        "output_sha256": view.output_digest,
        "forked_from": None if forked is None else {"run_id": forked[0], "frame": forked[1]},
        "next_run": view.next_run,
        "children": list(view.children),
        "sources": [
            {
                "source": one.source,
                "frame": one.frame,
                "at": time_text(one.at),
                "about": dict(one.about),
                "files": [{"path": path, "digest": told} for path, told in one.digests.items()],
            }
            for one in view.sources
        ],
        "work": [_work(one) for one in view.work],
        "others": dict(view.others),
        "decisions": [_decision(one) for one in view.decisions],
        "set_by": [
            {"task": key.id, "iteration": list(key.path), "by": by}
            for key, by in view.set_by.items()
        ],
        "happened": [
            {"frame": one.frame, "at": time_text(one.at), "words": one.words}
            for one in view.happenings
        ],
        "cost": cost_json(view.cost),
    }


def _work(one: AgentWorkView) -> Json:
    return {
        "task": one.key.id,
        "iteration": list(one.key.path),
        "state": one.state,
        "agents": list(one.agents),
        "models": list(one.models),
        "attempts": one.attempts,
        "prompt": title_of(one.prompt),
        "prompt_sha256": one.prompt_digest,
        "tools": None if one.tools is None else dict(one.tools),
        "output_sha256": one.output,
        "origins": list(one.origins),
    }


def _decision(one: DecisionView) -> Json:
    return {
        "task": one.key.id,
        "iteration": list(one.key.path),
        "frame": one.frame,
        "kind": one.kind,
        "asked": title_of(one.asked),
        "digest": one.digest,
        "answer": one.answer,
        "by": one.by,
        "login": one.login,
        "at": one.at,
        "note": one.note,
        "counts": one.counts,
        "origin": one.origin,
    }
