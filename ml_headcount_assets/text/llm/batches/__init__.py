"""Batch jobs of LLM services: what is sent, and what comes back, one module a service.

A service here is the form of its files. The OpenAI form is also written and read by vLLM,
Together, Groq, Mistral and Azure. None of these modules sends anything.
"""

from collections.abc import Mapping

from . import anthropic, gemini, openai
from .form import BatchAnswer, BatchForm, Limits
from .own_keys import request_id_of, request_key, text_hash_of_key

__all__ = [
    "BATCH_FORMS",
    "BatchAnswer",
    "BatchForm",
    "Limits",
    "request_id_of",
    "request_key",
    "text_hash_of_key",
]

#: The services by the names that a study calls them.
BATCH_FORMS: Mapping[str, BatchForm] = {
    form.name: form for form in (openai.FORM, anthropic.FORM, gemini.FORM)
}
