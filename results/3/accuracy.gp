load "../style.gp"
set output "accuracy.svg"
set ylabel "validation accuracy"
set yrange [0.86:0.93]
set key bottom right
eval "plot ".evaluated("2c", "validation_accuracy", 1, "validation, shuffled (2c)").", ".\
    evaluated("3", "validation_accuracy", 2, "validation, not shuffled (3)")
eval png
set output "accuracy.png"
replot
