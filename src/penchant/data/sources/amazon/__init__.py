"""Amazon reviews and metadata: releases of 2014, 2018 and 2023."""
