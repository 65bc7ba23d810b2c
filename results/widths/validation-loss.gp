load "../style.gp"
set output "validation-loss.svg"
set ylabel "validation loss (nats per sample)"
set yrange [0.1:0.4]
set xrange [0:15000]
eval "plot ".evaluated("4a", "validation_loss", 1, "validation, 32 units").", ".\
    evaluated("3c", "validation_loss", 2, "validation, 64 units").", ".\
    evaluated("4b", "validation_loss", 3, "validation, 128 units").", ".\
    evaluated("widths/256", "validation_loss", 4, "validation, 256 units").", ".\
    evaluated("widths/512", "validation_loss", 5, "validation, 512 units").", ".\
    evaluated("widths/1024", "validation_loss", 6, "validation, 1024 units")
eval png
set output "validation-loss.png"
replot
