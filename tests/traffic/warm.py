"""Imported first by the process that executors are forked from: everything is loaded once, and nothing is opened."""

import logging

import django

django.setup()
logging.disable(logging.ERROR)
